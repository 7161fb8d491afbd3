// What an engine asks for: a token for each of its rows.
#pragma once

#include "drawing.h"

// Bytes of the room for a vocabulary.
int64_t drawing_room_bytes(int64_t vocab);

// A token for each row, -1 where one cannot be drawn. Where something is to be told: the log-probabilities of the token and
// of the likeliest, as the logits were before anything was done to them, at `logprobs` (count, 1 + most), and which the
// likeliest are, at `ids` (count, most); -1 where there are no more.
void draw_tokens(const struct drawing *rows, int64_t count, int64_t vocab, int64_t most, int64_t *tokens, int64_t *ids,
                 double *logprobs, void *room);
