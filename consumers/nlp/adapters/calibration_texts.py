"""What people write, short and long: the sentence model's inner values are measured on these."""

TEXTS = (
    "Where is my order?",
    "hello",
    "thanks a lot!",
    "no",
    "My parcel 48213 was due on 12 March 2026 and has not come.",
    "I was charged twice: 49.90 € on the 3rd and again on the 5th.",
    "The lamp arrived with a crack in its base, can you send another one?",
    "How do I return shoes that are too small?",
    "Can I pay by invoice?",
    "please cancel my subscription",
    "I forgot my password and the reset mail never arrives",
    "Do you ship to Norway, and what does it cost?",
    "Let me talk to a human being, please.",
    "this is the worst service I have ever had!!!",
    "You were so quick, I am really happy with it.",
    "What is the weather like tomorrow?",
    "Tell me a joke about a penguin.",
    "Write a function that sorts a list.",
    "Wer hat meine Bestellung angenommen?",
    "¿Dónde está mi pedido?",
    "je voudrais changer le lieu de livraison",
    "my iban is DE89 3702 0044 0532 0130 00 and my mail is jo@example.org",
    "Is the warranty still good after two years if I did not keep the receipt?",
    (
        "I moved last week, so the address on the invoice is wrong; can it be changed to 14 Mill "
        "Lane?"
    ),
    "When does the shop open on public holidays?",
    "My voucher SPRING-10 is not accepted at the checkout.",
    "the app crashes as soon as I open the camera",
    "How many calories are in an apple?",
    "What does the blue light on the front of the device mean?",
    "Could you explain the difference between the basic and the premium plan?",
    "I ordered three chairs, got two, and the second one has a leg missing.",
    "Refund",
    "42",
    "???",
    (
        "Delivery takes two to four working days within the country, and up to ten days abroad; "
        "customs may take longer. You get a mail with a link as soon as the parcel has left our "
        "warehouse, and with that link you can choose another day or a neighbour until the "
        "evening before."
    ),
    (
        "To return something, open the order, choose what goes back and why, and print the label."
        " We pay what you paid, by the way you paid it, within five days of the parcel's arrival "
        "here."
    ),
    (
        "An account can be closed at any time. Orders under way still arrive, and what the law "
        "tells us to keep is kept for ten years; everything else is deleted within thirty days."
    ),
    (
        "Hi, so I bought this jacket for my daughter's birthday, it is lovely but a size too "
        "large, she already wore it once, and now I wonder whether it can still be exchanged for "
        "a smaller one."
    ),
)
