"""Values of people and of doors: passwords behind the words for them, numbers of people, cards and bank accounts."""
