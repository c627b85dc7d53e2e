drop table user_account;
