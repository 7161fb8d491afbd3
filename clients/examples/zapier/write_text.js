/**
 * An action for a Zapier app (`zapier scaffold`): has a text written, and goes on when Pressroom calls back.
 *
 * `perform` posts the job with the address that Zapier makes for this run, and the Zap waits; `performResume` gets Pressroom's message, which holds no
 * content, and fetches the job. Authentication of the app: fields `url` and `apiKey`, and a `beforeRequest` that adds `Authorization: Bearer`.
 */

const perform = async (z, bundle) => {
  const response = await z.request({
    method: 'POST',
    url: `${bundle.authData.url}/v1/jobs`,
    headers: { 'Idempotency-Key': `zapier ${bundle.meta.zap ? bundle.meta.zap.id : 0} ${bundle.inputData.key || z.hash('sha256', bundle.inputData.prompt)}` },
    body: {
      model: bundle.inputData.model,
      input: { prompt: bundle.inputData.prompt },
      params: { max_tokens: Number(bundle.inputData.max_tokens || 120) },
      campaign: bundle.inputData.campaign || null,
      webhook: { url: z.generateCallbackUrl() },
    },
  });
  return { id: response.data.id, status: response.data.status };
};

const performResume = async (z, bundle) => {
  const told = bundle.cleanedRequest.data;
  const response = await z.request({ url: `${bundle.authData.url}/v1/jobs/${encodeURIComponent(told.id)}` });
  const job = response.data;
  if (job.status !== 'succeeded') {
    throw new z.errors.Error(job.error ? job.error.message : `The job ended as ${job.status}.`, job.status);
  }
  return { id: job.id, text: job.outputs[0].text, model: job.model.name, price: job.usage.price };
};

module.exports = {
  key: 'write_text',
  noun: 'Text',
  display: { label: 'Write Text', description: 'Has a text written by a model on your own Pressroom.' },
  operation: {
    perform,
    performResume,
    inputFields: [
      { key: 'prompt', label: 'Prompt', type: 'text', required: true },
      { key: 'model', label: 'Model', type: 'string', required: true },
      { key: 'max_tokens', label: 'Most tokens', type: 'integer', default: '120' },
      { key: 'campaign', label: 'Campaign', type: 'string', helpText: 'Whose budget pays.' },
      { key: 'key', label: 'Key', type: 'string', helpText: 'Runs with the same key have one text.' },
    ],
    sample: { id: 'job_0', text: 'A warm blue mug for slow mornings.', model: 'smollm2-135m-instruct', price: '0' },
  },
};
