"""What is kept for the head model used last."""

from dataclasses import replace

from furrow.core.head.model_cache import kept_for_last_model


def test_worked_out_once_a_model_and_again_for_another(model):
    asked = []

    @kept_for_last_model
    def vertices(of):
        asked.append(of)
        return of.mean + 0.0

    first = vertices(model)
    assert vertices(model) is first and len(asked) == 1
    other = replace(model, mean=model.mean + 1.0)
    assert (vertices(other) == first + 1.0).all() and len(asked) == 2
    assert vertices(model) is not first and len(asked) == 3
