"""What W3C-API clients outside browsers share: a life without a page, Node's errors, llhttp."""
