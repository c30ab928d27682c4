"""What is measured: ranking quality and speed, each beside a named baseline in the same run."""
