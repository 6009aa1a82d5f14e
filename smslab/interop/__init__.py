"""smslab inside other libraries: each module needs its own, and nothing else imports it."""
