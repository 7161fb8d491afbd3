"""Jobs as OpenAI's clients are answered."""

from collections.abc import Sequence
from typing import Any

from pressroom.domain.chances import TokenChance
from pressroom.domain.job import Job, Output

_REASONS = {"stop": "stop", "length": "length"}
_CHAT, _TEXT = "chatcmpl-", "cmpl-"


def chat_completion(job: Job, tier: str) -> dict[str, Any]:
    """``chat.completion``."""
    return {
        **head(job, "chat.completion"),
        "choices": [
            {
                "index": output.n,
                "message": {
                    "role": "assistant",
                    "content": output.text,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": chat_logprobs(output),
                "finish_reason": reason(output),
            }
            for output in job.outputs
        ],
        "usage": usage([job]),
        "service_tier": tier,
    }


def text_completion(jobs: Sequence[Job]) -> dict[str, Any]:
    """``text_completion`` of a job for each prompt: the choices of the first prompt, then those of the second."""
    choices = [(job, output) for job in jobs for output in job.outputs]
    return {
        **head(jobs[0], "text_completion"),
        "choices": [
            {
                "index": index,
                "text": output.text,
                "logprobs": text_logprobs(output),
                "finish_reason": reason(output),
            }
            for index, (_, output) in enumerate(choices)
        ],
        "usage": usage(jobs),
    }


def head(job: Job, kind: str) -> dict[str, Any]:
    """What answers and chunks begin with. The id is the job's own behind a prefix."""
    return {
        "id": (_CHAT if kind.startswith("chat") else _TEXT) + job.id,
        "object": kind,
        "created": job.created_at // 1000,
        "model": job.model.name,
        "system_fingerprint": f"pr_{job.model.sha256[:12]}",
    }


def reason(output: Output) -> str:
    """Why a text ended: a canceled one has ended where it was."""
    return _REASONS.get(output.finish_reason, "stop")


def usage(jobs: Sequence[Job]) -> dict[str, Any]:
    """Tokens of all of them."""
    read = sum(job.usage.tokens_in for job in jobs)
    written = sum(job.usage.tokens_out for job in jobs)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def chat_logprobs(output: Output) -> dict[str, Any] | None:
    """As chat completions have them: a token with its bytes and the likeliest in its place."""
    if output.logprobs is None:
        return None
    content = [
        {**_token(chance), "top_logprobs": [_token(each) for each in chance.top]}
        for chance in output.logprobs
    ]
    return {"content": content, "refusal": None}


def text_logprobs(output: Output) -> dict[str, Any] | None:
    """As completions have them: four lists of one length. Offsets are in characters of the text."""
    if output.logprobs is None:
        return None
    tokens = [_spelled(chance) for chance in output.logprobs]
    offsets, at = [], 0
    for token in tokens:
        offsets.append(at)
        at += len(token)
    return {
        "tokens": tokens,
        "token_logprobs": [chance.logprob for chance in output.logprobs],
        "top_logprobs": [{_spelled(each): each.logprob for each in chance.top} for chance in output.logprobs],
        "text_offset": offsets,
    }


def _token(chance: TokenChance) -> dict[str, Any]:
    return {"token": _spelled(chance), "logprob": chance.logprob, "bytes": list(chance.spelling)}


def _spelled(chance: TokenChance) -> str:
    return chance.spelling.decode(errors="replace")
