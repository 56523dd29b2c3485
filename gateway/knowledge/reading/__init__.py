"""From a file as people have it to sections as the assistant says them."""
