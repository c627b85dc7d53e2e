drop table session_change;
delete from session_subject where user_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
