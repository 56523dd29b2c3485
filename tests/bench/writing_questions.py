"""What a language model is asked: each finds another part of the starter knowledge."""

QUESTIONS = (
    "Which carriers deliver your parcels?",
    "Do you carry furniture into the room?",
    "What happens when nobody is home?",
    "Will you take my old mattress away?",
    "Can the driver leave the parcel in the shed?",
    "Do you deliver to post office boxes?",
    "How do I send a sofa back?",
    "May I sleep on the mattress before I decide?",
    "Can I get samples of the sofa fabric?",
    "Which wood oil should I use on the oak table?",
    "My cast iron pan has rust, what do I do?",
    "How do I descale the kettle?",
    "Do you plant trees for the packaging?",
    "Where do I bring used batteries?",
    "Do you send to islands?",
    "How do I fix the wardrobe to the wall so that it is safe for children?",
    "Who is behind Larkspur?",
    "Do you have an affiliate programme for my blog?",
    "Which languages does your support speak?",
    "I got a mail that pretends to be from Larkspur",
)
