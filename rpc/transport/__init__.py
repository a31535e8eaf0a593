"""HTTP and WebSocket, as raw ASGI: how bytes come in and go out, and who may talk at all.

    access       Host header against DNS rebinding, web origins
    http         one POST, one body, one answer
    websocket    many messages, subscriptions, slow readers
    rates        how many calls a client may make
    protocol     uvicorn's WebSocket protocol, with a way to cut off a peer that reads nothing
    embedded     uvicorn inside a process that decides itself when to stop

What a body means is `rpc.dispatch`'s business. Must not import a namespace.
"""
