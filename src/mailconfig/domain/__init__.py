"""Plain values and rules of the product. Nothing here knows a library of the floors above."""
