"""HTTP for whoever runs Yui, and for organisations that manage themselves."""
