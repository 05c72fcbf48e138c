-- migrate:up

-- Expand. What a home asks, and what it is offered, is its parties' to see.
SET LOCAL lock_timeout = '2s';
LOCK TABLE shortfall, ask, offer, decline IN ACCESS EXCLUSIVE MODE;
CALL wall('shortfall', 'home_id IN (SELECT homes_read())');
CALL wall('ask', 'home_id IN (SELECT homes_read())');
CALL wall('offer', 'home_id IN (SELECT homes_read())');
CALL wall('decline', 'home_id IN (SELECT homes_read())');
