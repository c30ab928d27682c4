"""A stand-in for all real sources on one loopback port: real shapes, invented papers, scripted faults."""

from tests.upstream.catalogue import Catalogue, catalogue
from tests.upstream.model import Author, Daily, Paper, Post, Repo
from tests.upstream.server import Request, Upstream

__all__ = ["Author", "Catalogue", "Daily", "Paper", "Post", "Repo", "Request", "Upstream", "catalogue"]
