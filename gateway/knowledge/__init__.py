"""The knowledge base as its editors see it: documents in, sections found, questions left open."""
