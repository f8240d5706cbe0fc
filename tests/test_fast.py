"""The list of slow modules names test modules that are there."""

import fast


def test_the_list_names_modules_that_exist():
    listed = fast.slow_modules()
    assert listed and all(path.is_file() for path in listed)
