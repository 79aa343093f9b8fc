"""The working group's study: options by replicates, paired, each a campaign of sorties and then the test of it.

``play`` runs a study into a record (resumable, on any number of workers), ``one`` is a single run of it, ``tables``
says what the record holds. Reports are made from the record alone, by ``report``.
"""
