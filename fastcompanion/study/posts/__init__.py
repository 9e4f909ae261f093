"""Posts: page bundles that the learner writes, and the site that is rendered from them."""
