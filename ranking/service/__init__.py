"""The conductor of ranking: load, call the pure part, save. Nothing is computed twice."""

from ranking.service.embedding import Progress, embed_new
from ranking.service.nearest import vector_matrix
from ranking.service.ranker import SCORER, Ranker
from ranking.service.rating_months import rank_new
from ranking.shards import ALL, Part

__all__ = ["ALL", "SCORER", "Part", "Progress", "Ranker", "embed_new", "rank_new", "vector_matrix"]
