"""Tests of the web door: every route, its errors, its headers, on both databases."""
