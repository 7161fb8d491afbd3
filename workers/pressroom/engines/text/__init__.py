"""The text engine: continuous batching over one model, whose memory of each row is a port.

intake        a request, read              prompt        messages to token ids
healing       a prompt's last token anew   guiding       what an output may say at all
state         what is remembered of a row  decoder       … as keys and values
slots         which row belongs to whom    recurrent     … as the state of an LSTM
scheduler     who is prefilled next        prefixes      what prompts share
adjusting     bias and penalties           sampler       what each output asks of its next token
drawing       which token that is          drawing_…     in numpy, and with our kernels
lookup        what may be said next        chances       how likely each token was
fitting       an end within a limit        stopping      stop strings over piece borders
detokenizer   token ids to characters      running       a generation while it is inside
engine        one step of all of it        step_record   what a step has made
variants      weights and their device   opening        an engine on a model's folder
rating        how fast it is here          parity        how far a graph is from its original
"""
