"""What sources share: deadlines on their clock, one way to fetch and one to hold a websocket, a bounded backlog."""
