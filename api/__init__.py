"""The web door: pages, REST, feeds."""
