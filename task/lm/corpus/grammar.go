package corpus

// The word lists. A word's place in its list sets how often it is drawn: the
// first is the likeliest (see pick), as in real text, where a few words do
// most of the work.

// hero is a name with the pronouns that agree with it.
type hero struct{ name, he, him, his string }

var heroes = []hero{
	{"mia", "she", "her", "her"},
	{"tim", "he", "him", "his"},
	{"luna", "she", "her", "her"},
	{"ben", "he", "him", "his"},
	{"rosie", "she", "her", "her"},
	{"max", "he", "him", "his"},
}

// animal is a kind of animal with the place it lives in and what it is like,
// so that the opening of a story already tells something about its end.
type animal struct{ kind, home, nature string }

var animals = []animal{
	{"fox", "forest", "clever"},
	{"bear", "forest", "sleepy"},
	{"mouse", "garden", "little"},
	{"frog", "pond", "little"},
	{"rabbit", "garden", "brave"},
	{"duck", "pond", "brave"},
	{"owl", "forest", "clever"},
}

// toy is a thing worth finding, with its colour and what one does with it.
type toy struct{ thing, colour, fun string }

var toys = []toy{
	{"ball", "red", "played"},
	{"kite", "blue", "played"},
	{"drum", "red", "danced"},
	{"bell", "golden", "sang"},
	{"boat", "blue", "sailed"},
	{"lamp", "golden", "danced"},
}

// A plot is a list of steps; a story takes one alternative of each step, in
// order. Slots in braces are filled from the story's cast:
//
//	{name} {he} {him} {his}   the hero, and the pronouns that agree
//	{animal} {nature} {home}  what the hero is, is like, and where it lives
//	{friend} {kind}           the animal met on the way and what it is like
//	{toy} {colour} {fun}      the thing, its colour, what one does with it
type plot [][]string

var opening = []string{
	"once upon a time there was a {nature} {animal} named {name} .",
	"once there was a {nature} {animal} named {name} .",
	"{name} was a {nature} {animal} . {he} lived in the {home} .",
}

var ending = []string{
	"they {fun} all day .",
	"they {fun} with the {toy} .",
	"they were very happy .",
	"they were friends .",
}

var plots = []plot{
	{ // A find is shared.
		opening,
		{
			"one day {he} found a {colour} {toy} .",
			"{he} found a {colour} {toy} in the {home} .",
		},
		{
			"{he} gave the {toy} to {his} friend the {friend} .",
			"a {kind} {friend} saw the {toy} .",
		},
		ending,
	},
	{ // What was lost is found by a friend.
		opening,
		{
			"one day {he} lost {his} {colour} {toy} .",
			"{he} lost {his} {toy} and was very sad .",
		},
		{
			"a {kind} {friend} found the {toy} in the {home} .",
			"then a {kind} {friend} gave the {toy} to {him} .",
		},
		{
			"\" thank you ! \" said {name} .",
			"they {fun} all day .",
			"they were very happy .",
		},
	},
	{ // Someone to play with.
		opening,
		{
			"one day {he} saw a {kind} {friend} .",
			"{he} saw a {kind} {friend} in the {home} .",
		},
		{
			"\" hello ! \" said the {friend} .",
			"the {friend} had a {colour} {toy} .",
		},
		{
			"they {fun} with the {colour} {toy} .",
			"they were very happy .",
			"they {fun} all day .",
		},
	},
}
