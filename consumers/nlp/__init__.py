"""The assistant's understanding: reads messages, answers them and reports what it understood."""
