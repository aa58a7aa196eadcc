"""REST for front ends that do not speak GraphQL: a table of documents, and no second way to data.

`table` has the rows, `routes` serves them, `edge` is what it needs of GraphQL.
"""

from mailconfig.http.problems import Problem
from mailconfig.http.rest.edge import Edge
from mailconfig.http.rest.routes import rest_routes

__all__ = ["Edge", "Problem", "rest_routes"]
