"""Private values in texts: passwords behind the words for them, and the numbers of people, cards and bank accounts."""
