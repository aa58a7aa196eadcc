"""What mailconfig is measured against, and the rows and requests that all share."""
