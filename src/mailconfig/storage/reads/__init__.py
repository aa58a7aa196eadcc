"""The read side: single statements whose text is compiled once, and rows that stay tuples.

What it is for. A page of fifty configurations is asked for far more often than anything is
changed. Going through transactions, repositories and values of the domain for it means four round
trips (BEGIN, the statement, COMMIT, the reset of the connection), building the statement anew, and
making some hundred objects of which the answer then takes the fields apart again. Here a read is
one round trip: `statements` compiles SQLAlchemy's Core once for each shape of a question and keeps
the text with the names of its parameters; `postgres` and `sqlite` run it on the bare driver;
`configs` and `identity` say what is asked and give rows back as tuples.

Why nothing leaks. The connections here belong to the read side alone. Each statement is a
transaction of its own on a connection that the database has been told to refuse writing on, and
no statement sets anything; so there is nothing to reset between two readers. A connection whose
statement failed or was cancelled is closed, not handed on.

What changes data goes through `Database.work`, as do reads that must see one snapshot or their
own transaction's writes.
"""
