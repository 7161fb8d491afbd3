"""A worker process: claims jobs of a pool, drives one engine, brings results home.

ticket | timer | completion ──▶ Desk ──claims──▶ EngineLoop ──outcomes──▶ Finisher ──▶ database
                                 │                   │ deltas                │ end
                              Holdings           Publisher ──▶ Redis ◀──────┘
                                 └── Heartbeat ──▶ leases, cancels
"""
