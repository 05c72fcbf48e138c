"""What runs in compose's containers besides the `yui` command."""
