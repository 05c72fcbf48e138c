-- migrate:up

-- Expand. Unit prices, and what homes go by, are everyone's.
SET LOCAL lock_timeout = '2s';
LOCK TABLE home, commitment, arrival, receipt, dispute IN ACCESS EXCLUSIVE MODE;
CALL wall('home', 'home_id IN (SELECT homes_read())');
CALL wall('commitment', 'home_id IN (SELECT homes_read())');
CALL wall('arrival', 'home_id IN (SELECT homes_read())');
CALL wall('receipt', 'EXISTS (SELECT FROM arrival WHERE arrival.delivery_id = receipt.delivery_id)');
CALL wall('dispute', 'EXISTS (SELECT FROM arrival WHERE arrival.delivery_id = dispute.delivery_id)');
