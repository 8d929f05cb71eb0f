"""What the network refuses to begin with."""


class PlanError(ValueError):
    """A plan that cannot be carried out on any network. The text is one clear line for whoever made it."""
