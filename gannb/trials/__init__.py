"""How a study is divided: splits into trials, arms, which arm is compared with which, tuning."""
