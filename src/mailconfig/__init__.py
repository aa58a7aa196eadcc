"""mailconfig: the back end that lets any application's users connect their mailbox."""
