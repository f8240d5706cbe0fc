"""Furrow: a photo in, a riggable head with living wrinkles out. The package is also the Blender extension."""


def register() -> None:
    """Called by Blender when the extension is enabled."""
    from .blender_addon import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled."""
    from .blender_addon import registration

    registration.unregister()
