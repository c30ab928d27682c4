"""Whether the hub of models answers: asked once, since its client asks on for minutes where it does not."""

import logging

_log = logging.getLogger(__name__)
SECONDS = 5.0  # for a connection, and for each part of an answer
_TOO_MANY = 429


def answers(model: str) -> bool:
    """Tell whether the hub may be asked for a model; what it answers does not matter, unless it is not well."""
    from huggingface_hub import constants, get_session

    _log.info("looking for the embedding model on the hub, to fetch what is not here yet model=%s", model)
    try:
        status = get_session().head(constants.ENDPOINT, timeout=SECONDS).status_code
    except Exception as problem:  # its client's errors have no common root with those of being told to stay offline
        _log.info("the hub does not answer: %s", problem)
        return False
    return status != _TOO_MANY and status < 500  # what else it says, its client takes for an answer
