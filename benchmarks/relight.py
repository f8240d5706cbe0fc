"""How well the skin explains the photo: rendered under the estimated light, against the photo, inside the skin.

    python benchmarks/relight.py [PHOTO or FOLDER ...] [--size 2048]

For every photo: PSNR (dB), SSIM and RMSE (of 255) of the coarse head (one tone, the smooth shape) and of the detailed
one (albedo, static relief, creases darker as the skin material shades them), both under the light that was estimated;
exposure is fitted for each. Beside them, how much slow brightness (over 8 mm, standard deviation of its logarithm)
there is on the skin of the photo, with the estimated light out, and in the albedo. Default photo: the astronaut
portrait.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from furrow.core.character.edit import detail_maps
from furrow.core.detail.read import person_detail
from furrow.core.errors import FurrowError
from furrow.core.fit import coarse as coarse_fit
from furrow.core.fit import photometric
from furrow.core.fit.evidence import Evidence
from furrow.core.head.chart import head_chart
from furrow.core.head.raster import sample_smooth, uv_in_view
from furrow.core.image.colour import linear_to_srgb, srgb_to_linear
from furrow.core.image.filters import masked_blur
from furrow.core.io.photo import load_photo
from furrow.core.nets import landmarks
from furrow.core.nets.detection import choose_face, find_faces
from furrow.core.pipeline import Models, load_models
from furrow.core.texture.build import build_texture
from furrow.core.texture.view_texture import smooth_shading
from furrow.core.wrinkles.own_lines import personal_atlas
from PIL import Image
from skimage.metrics import structural_similarity

LONGEST = 640  # pixels of the face compared
SLOW_MM = 8.0
CREASE_SHADING, CREASE_RANGE = 0.55, (0.65, 1.08)  # of the skin material: change of the albedo per mm of relief
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def default_photo(folder: Path) -> Path:
    """The astronaut portrait."""
    import skimage.data

    path = folder / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


def fitted(models: Models, path: Path):
    """Pixels, fit and person mask of a photo."""
    photo = load_photo(path)
    face, _ = choose_face(find_faces(photo.pixels, models.nets), None)
    marks = landmarks.detect_landmarks(photo.pixels, face, models.nets)
    height, width = photo.pixels.shape[:2]
    seen = coarse_fit.Observation(marks, width, height, photo.focal_px, photo.name)
    fit = coarse_fit.fit(models.head, [seen])
    people = [landmarks.segment_person(photo.pixels, face, models.nets)]
    return photo.pixels, photometric.refine(models.head, fit, Evidence([photo.pixels], people))


def relief_normals(points: np.ndarray, normals: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(H, W, 3) normals of a surface (H, W, 3) mm seen in a view, moved along its normals by height (H, W) mm."""
    moved = points + normals * height[..., None]
    fine, coarse = (np.cross(cv2.Sobel(p, cv2.CV_32F, 1, 0), cv2.Sobel(p, cv2.CV_32F, 0, 1)) for p in (moved, points))
    fine, coarse = (n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-9) for n in (fine, coarse))
    sign = np.sign((coarse * normals).sum(-1, keepdims=True))
    bent = normals + sign * (fine - coarse)
    return bent / np.maximum(np.linalg.norm(bent, axis=-1, keepdims=True), 1e-9)


def compare(models: Models, path: Path, size: int | None) -> tuple[dict[str, tuple[float, float, float]], list[float]]:
    """(PSNR, SSIM, RMSE) by method, and the spread of slow brightness of :func:`left_over`."""
    photo, fit = fitted(models, path)
    head = models.head
    texture = build_texture(head, fit, [photo], models.nets, size)
    maps = len(texture.albedo)
    chart = head_chart(head.topology, fit.neutral, maps)
    seen = texture.views[0]
    read = person_detail(head, models.atlas, fit, texture.views, chart, 0)
    atlas = personal_atlas(models.atlas, read.own)
    relief = detail_maps(atlas, maps, read.age, 0, read.static, read.moving).static
    posed, light = seen.posed, seen.light
    image, scale = posed.image, min(1.0, LONGEST / max(posed.image.shape[:2]))
    width, tall = (max(1, round(n * scale)) for n in image.shape[1::-1])
    image = cv2.resize(image, (width, tall), interpolation=cv2.INTER_AREA)
    xy = posed.xy * [width / posed.image.shape[1], tall / posed.image.shape[0]]
    raster, uv = uv_in_view(head.topology, posed.points, xy, width, tall)
    column, row = uv[..., 0] * maps - 0.5, (1 - uv[..., 1]) * maps - 0.5
    albedo, trust, static = (
        cv2.remap(m, column, row, cv2.INTER_LINEAR)
        for m in (srgb_to_linear(texture.albedo), texture.skin_mask, relief)
    )
    skin = raster.covered & (trust > 200) & (cv2.erode(raster.covered.astype(np.uint8), np.ones((5, 5))) > 0)
    normals = raster.sample(posed.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    points = raster.sample(posed.points)
    albedo = albedo * np.clip(1.0 + CREASE_SHADING * static, *CREASE_RANGE)[..., None]
    renders = {
        "coarse": np.exp(seen.tone) * light.shading(normals),
        "detailed": albedo * light.shading(relief_normals(points, normals, static)),
    }
    return {name: scores(image, render, skin) for name, render in renders.items()}, left_over(models, seen, chart.texel)


def scores(image: np.ndarray, render: np.ndarray, skin: np.ndarray) -> tuple[float, float, float]:
    """PSNR (dB), SSIM and RMSE (of 255) of a linear render (H, W, 3) against an sRGB photo, inside the skin."""
    truth = srgb_to_linear(image)
    gain = np.median(truth[skin] / np.maximum(render[skin], 1e-4), axis=0)
    shown = np.where(skin[..., None], 255.0 * linear_to_srgb(render * gain), image)
    error = (shown - image)[skin]
    rmse = float(np.sqrt((error**2).mean()))
    _, similar = structural_similarity(image.astype(float), shown, channel_axis=-1, data_range=255.0, full=True)
    return 20 * np.log10(255 / max(rmse, 1e-6)), float(similar.mean(-1)[skin].mean()), rmse


def left_over(models: Models, seen, texel: float) -> list[float]:
    """Spread over the skin of slow log brightness: of the photo, with the light out, and of the albedo."""
    topology, size = models.head.topology, len(seen.plain)
    shading = np.log(sample_smooth(topology, smooth_shading(topology, seen.light, seen.posed.normals), size))
    texel = texel * seen.window.factor
    step = max(1, round(SLOW_MM / texel / 2))
    sure = seen.plain[::step, ::step] > 0.95
    spreads = []
    albedo = np.zeros_like(seen.shaded)
    albedo[seen.window.work] = seen.window.reduced(seen.log_albedo)
    for colour in (seen.shaded + shading, seen.shaded, albedo):
        slow = masked_blur(colour.mean(-1), seen.plain, 0.5 * SLOW_MM / texel)
        spreads.append(float(slow[::step, ::step][sure].std()))
    return spreads


def photos_in(places: list[Path]) -> list[Path]:
    """Photos among files and folders."""
    found = []
    for place in places:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found += [path for path in inside if not place.is_dir() or path.suffix.lower() in SUFFIXES]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--size", type=int, help="width of the maps (default: by the photo)")
    options = parser.parse_args()
    models = load_models("cpu")
    print(f"{'':<16}{'PSNR':>14}{'SSIM':>14}{'RMSE':>14}   slow brightness")
    print(f"{'photo':<16}" + f"{'coarse':>7}{'detail':>7}" * 3 + "   photo  light out  albedo")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in photos_in(options.photos) or [default_photo(Path(folder))]:
            try:
                found, spreads = compare(models, path, options.size)
            except FurrowError as error:
                print(f"{path.stem:<16}{error}")
                continue
            coarse, detailed = found["coarse"], found["detailed"]
            rows.append([v for pair in zip(coarse, detailed) for v in pair] + spreads)
            print(_line(path.stem, rows[-1]))
    if len(rows) > 1:
        print(_line("mean", np.mean(rows, axis=0)))


def _line(name: str, values) -> str:
    psnr, ssim, rmse, slow = values[0:2], values[2:4], values[4:6], values[6:]
    text = "".join(f"{v:7.1f}" for v in psnr) + "".join(f"{v:7.3f}" for v in ssim) + "".join(f"{v:7.1f}" for v in rmse)
    return f"{name[:15]:<16}{text}   {slow[0]:5.3f}  {slow[1]:9.3f}  {slow[2]:6.3f}"


if __name__ == "__main__":
    main()
