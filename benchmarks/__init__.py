"""What `make bench` measures: each module has `run()` and returns rows of what, figure, unit and bar."""
