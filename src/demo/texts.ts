/** What the people of the demo company are called, and what they write. */

export const firstNames =
  'Ada Amir Anna Ben Carla Chen Clara David Elif Emma Eva Felix Greta Hana Hugo Ines Ivan Jana Jonas Julia Karim Lars Lea Lena Luca Maja Marc Maria Mats Mia Nils Nora Omar Oskar Paula Pavel Rosa Samir Sara Tomas Vera Yuki'.split(
    ' ',
  );

export const lastNames =
  'Adler Albers Baker Berg Blum Castro Cohen Dahl Demir Dubois Ferrari Fischer Garcia Haas Hansen Horvat Ito Jansen Kaya Keller Khan Kovacs Lang Lind Marin Meyer Moreau Nagy Novak Olsen Park Peters Ricci Rossi Santos Sato Schulz Silva Sommer Vogel Weber Wolf'.split(
    ' ',
  );

export const firms =
  'Cafe,Hotel,Guesthouse,Architects,Dental Practice,Coworking,Kindergarten,Restaurant,Event Rentals,Law Office'.split(
    ',',
  );

/** What each segment buys. */
export const products = {
  household: ['bookcase', 'armchair', 'desk lamp', 'sideboard', 'dining table', 'rug', 'mattress', 'wardrobe'],
  gardener: ['raised bed', 'rose', 'compost', 'greenhouse', 'garden hose', 'pruning shears', 'planter', 'lawnmower'],
  mover: ['sofa', 'bed frame', 'kitchen table', 'wardrobe', 'curtain rail', 'shelf', 'mattress', 'mirror'],
  business: ['office chair', 'desk', 'parasol', 'terrace table', 'bar stool', 'filing cabinet', 'planter', 'bench'],
};

type Remarks = Readonly<Record<'detractor' | 'passive' | 'promoter', readonly string[]>>;

/**
 * What is said about a theme, by band. `{item}` is what was bought last and `{days}` a number of days.
 */
export const remarks = {
  delivery: {
    detractor: [
      'The {item} came {days} days late and nobody called.',
      'I took a day off for the {item} and the van never came.',
      'Third delivery date now. I have stopped believing them.',
    ],
    passive: [
      'Delivery of the {item} was fine, but the time window is half a day long.',
      'It came a day later than promised. They did write.',
      'The driver was quick, but left everything at the kerb.',
    ],
    promoter: [
      'On time to the minute, and they carried the {item} up four floors.',
      'They called half an hour ahead, as promised.',
      'Ordered on Monday, delivered on Wednesday. Could not be better.',
    ],
  },
  damage: {
    detractor: [
      'The {item} arrived with a broken corner, and I have waited {days} days for the part.',
      'Scratched, and I was asked to prove that it was not me.',
      'Two out of three boxes were damaged.',
    ],
    passive: [
      'A small scratch on the {item}, they took something off the price.',
      'The box was torn, the {item} was fine in the end.',
      'One damaged panel, replaced after {days} days.',
    ],
    promoter: [
      'One panel was cracked, and the new one was here the next day. That is how it should be.',
      'They took back the damaged {item} without a single question.',
      'It was packed so well that nothing could happen to it.',
    ],
  },
  assembly: {
    detractor: [
      'Screws were missing and the hotline was busy for an hour.',
      'The fitters left the {item} half built.',
      'The instructions for the {item} do not match the parts.',
    ],
    passive: [
      'Took twice as long as the leaflet says, but it stands.',
      'The {item} is solid, the instructions are not.',
      'Assembly was all right, the fitters were in a hurry.',
    ],
    promoter: [
      'The fitters were friendly, quick and swept the floor afterwards.',
      'The {item} was up in twenty minutes, every part was there.',
      'They came to set it up and took all the boxes with them.',
    ],
  },
  staff: {
    detractor: [
      'Nobody in the store knew anything about the {item}.',
      'I was passed on to four people and the last one hung up.',
      'I felt that I was disturbing them.',
    ],
    passive: [
      'Friendly people, too few of them.',
      'I was helped well, after some waiting.',
      'The advice was good for the {item}, less so for the rest.',
    ],
    promoter: [
      'They asked what I need it for, and sold me the cheaper {item}.',
      'The lady at the plants knew my garden better than I do.',
      'Everybody greets you, and they know what they sell.',
    ],
  },
  price: {
    detractor: [
      'The {item} cost less a week later, and they would not hear of it.',
      'Delivery cost more than the {item}.',
      'Members pay what others pay, as far as I can see.',
    ],
    passive: [
      'Good things, not cheap.',
      'I wait for the sale, otherwise it is too much for me.',
      'The {item} is worth it, the delivery fee is not.',
    ],
    promoter: [
      'Fair price for the {item}, and delivery is free with the membership.',
      'They gave me the difference when the price dropped.',
      'I looked everywhere else: same quality costs more.',
    ],
  },
  quality: {
    detractor: [
      'The {item} fell apart after {days} days.',
      'Looks nothing like in the catalogue.',
      'Second {item}, same fault.',
    ],
    passive: [
      'The {item} does what it should.',
      'Decent, though the finish could be better.',
      'All right for the price.',
    ],
    promoter: [
      'The {item} is even nicer than in the pictures.',
      'My parents bought here, and their {item} still stands.',
      'You notice that somebody thought about it.',
    ],
  },
  returns: {
    detractor: [
      'I have waited {days} days for my money.',
      'To return the {item} I had to hire a van.',
      'They lost the return and asked me for proof.',
    ],
    passive: [
      'The return went through, it just took {days} days.',
      'Returned the {item} without trouble, but the queue was long.',
      'Refund came, after I had asked once.',
    ],
    promoter: [
      'Wrong colour, collected from my door, money back in two days.',
      'No questions, no form, just a refund.',
      'They even apologised, though the mistake was mine.',
    ],
  },
} as const satisfies Record<string, Remarks>;

export type Theme = keyof typeof remarks;

/** Why members leave, each as likely as its number says. */
export const leavingReasons = { poor_service: 1, price: 3, moved_away: 1, not_needed: 2 };

export const leavingRemarks: Readonly<Record<keyof typeof leavingReasons, readonly string[]>> = {
  poor_service: ['I have been patient for long enough.', 'Nobody ever called back.'],
  price: ['I do not order enough to make it pay.', 'It was dearer this year.'],
  moved_away: ['We move to a place without a store.'],
  not_needed: ['The flat is furnished.', 'We sold the garden.'],
};
