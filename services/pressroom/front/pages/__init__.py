"""The pages: server-rendered, readable without JavaScript, livelier with it."""
