"""The text engine: continuous batching over one decoder with a bound key/value cache.

prompt        messages to token ids        detokenizer   token ids to characters, as they come
decoder       the ONNX session and cache   stopping      stop strings over piece borders
slots         which row belongs to whom    sampler       logits to the next token
adjusting     bias and penalties before it
scheduler     who is prefilled next        running       a generation while it is inside
prefixes      what prompts share           variants      which weights on which device
engine        one step of all of it        opening       an engine on a model's folder
"""
