"""What every package stands on and no campaign knows."""
