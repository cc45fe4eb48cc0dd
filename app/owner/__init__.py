"""One process that owns the GPU for all workers of a server: torch and the network are loaded once, and photos of
different workers go through the network together.

    worker ─┐  Unix sockets, one a request under way
    worker ─┼───────────────────────────────────────► python -m app.owner ── TorchRuntime
    worker ─┘  its photo lies in memory that both have; the outputs come back

There is a process for each bundle that is served. The first worker that wants a bundle's network starts it; it ends
once nobody is connected any more. Nobody watches over it: a worker whose connection breaks loads its network anew,
which starts another.
"""
