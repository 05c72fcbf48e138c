"""What runs Yui keeps its promises."""
