//! The page's texts in German.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "de",
    direction: "ltr",
    joint: " ",
    stop: ".",
    unreachable: Words {
        title: "Diese Website ist gerade nicht erreichbar",
        what: "Wir konnten keine Verbindung zum Server dieser Website herstellen.",
    },
    timeout: Words {
        title: "Diese Website braucht zu lange für eine Antwort",
        what: "Der Server dieser Website hat nicht rechtzeitig geantwortet, deshalb haben wir nicht länger gewartet.",
    },
    broken_answer: Words {
        title: "Diese Website konnte nicht richtig antworten",
        what: "Der Server dieser Website hat die Verbindung abgebrochen oder etwas geschickt, das wir nicht an Sie \
               weitergeben können.",
    },
    busy: Words {
        title: "Diese Website ist gerade überlastet",
        what: "Im Moment kommen mehr Anfragen an, als bearbeitet werden können.",
    },
    maintenance: Words {
        title: "An dieser Website wird gerade gearbeitet",
        what: "Das ist eine geplante Wartung. Sobald sie abgeschlossen ist, ist die Website wieder da.",
    },
    gateway: Words {
        title: "Bei uns ist etwas schiefgegangen",
        what: "Das Gateway vor dieser Website konnte Ihre Anfrage nicht bearbeiten.",
    },
    not_found: Refusal {
        title: "Unter dieser Adresse gibt es nichts",
        what: "Vielleicht ist der Link veraltet, oder die Adresse enthält einen Tippfehler.",
        advice: "Prüfen Sie die Adresse, oder beginnen Sie auf der Startseite der Website.",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "Diese Anfrage war nicht zu verstehen",
            what: "Sie war unvollständig oder nicht so aufgebaut, wie es die Regeln des Webs verlangen.",
            advice: "Gehen Sie zurück und versuchen Sie es noch einmal. Wenn es wieder passiert, löschen Sie die \
                     Cookies dieser Website.",
        },
        forbidden: Refusal {
            title: "Diese Adresse darf nicht geöffnet werden",
            what: "Die Website hält sie geschlossen, für alle oder für Besucher von dort, wo Sie gerade sind.",
            advice: "Prüfen Sie die Adresse. Wenn Sie Zugang haben sollten, wenden Sie sich an die Betreiber dieser Website.",
        },
        method: Refusal {
            title: "Diese Adresse nimmt solche Anfragen nicht an",
            what: "Hier gibt es eine Seite, aber sie lässt sich auf diese Weise nicht aufrufen.",
            advice: "Öffnen Sie die Seite über einen Link auf der Website und versuchen Sie es dort noch einmal.",
        },
        slow: Refusal {
            title: "Ihre Anfrage war zu lange unterwegs",
            what: "Sie war noch nicht vollständig da, als wir das Warten beendet haben. Meistens liegt das an einer \
                   langsamen Verbindung.",
            advice: "Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.",
        },
        large: Refusal {
            title: "Was Sie gesendet haben, ist zu groß",
            what: "Diese Website nimmt Uploads nur bis zu einer bestimmten Größe an, und Ihrer ist größer.",
            advice: "Senden Sie eine kleinere Datei, oder senden Sie sie in mehreren Teilen.",
        },
        long_address: Refusal {
            title: "Diese Adresse ist zu lang",
            what: "Die aufgerufene Adresse ist länger, als diese Website zulässt.",
            advice: "Verwenden Sie eine kürzere Adresse. Wenn ein Formular Sie hierher geführt hat, tragen Sie \
                     weniger ein und senden Sie es noch einmal ab.",
        },
        expectation: Refusal {
            title: "Diese Anfrage stellt eine Bedingung, die wir nicht erfüllen können",
            what: "Sie verlangt vorab etwas, das hier nicht angeboten wird.",
            advice: "Wenn Sie ein eigenes Programm verwenden, senden Sie die Anfrage ohne das Feld Expect.",
        },
        often: Refusal {
            title: "Sie senden zu viele Anfragen",
            what: "Von Ihnen oder aus Ihrem Netz kommen mehr, als diese Website auf einmal annimmt.",
            advice: "Warten Sie einen Moment, und versuchen Sie es dann noch einmal.",
        },
        large_header: Refusal {
            title: "Ihr Browser schickt mit jeder Anfrage zu viel mit",
            what: "Cookies und andere Angaben, die mit der Anfrage kommen, sind größer, als diese Website zulässt.",
            advice: "Löschen Sie die Cookies dieser Website und versuchen Sie es dann noch einmal.",
        },
        unsupported: Refusal {
            title: "Anfragen dieser Art werden nicht unterstützt",
            what: "Die Anfrage verlangt etwas, das hier nicht angeboten wird.",
            advice: "Öffnen Sie die Seite mit einem aktuellen Browser.",
        },
        version: Refusal {
            title: "Diese HTTP-Version wird nicht unterstützt",
            what: "Ihr Browser oder Ihr Programm spricht eine Version des Webprotokolls, die hier nicht unterstützt \
                   wird.",
            advice: "Verwenden Sie einen aktuellen Browser, oder stellen Sie Ihr Programm auf HTTP/1.1 ein.",
        },
    },
    not_your_fault: "Das liegt nicht an Ihnen: Ihr Gerät und Ihre Verbindung funktionieren.",
    delivery: Delivery {
        no: "Ihre Anfrage wurde nicht weitergeleitet. Es wurde nichts übermittelt; Sie können es gefahrlos noch \
             einmal versuchen.",
        refused: "Ihre Anfrage wurde nicht weitergeleitet. Es wurde nichts übermittelt.",
        unknown: "Wir wissen nicht, ob Ihre Anfrage ausgeführt wurde. Prüfen Sie das, bevor Sie sie noch einmal \
                  senden, damit nichts doppelt bestellt oder bezahlt wird.",
        reached: "Die Website hat Ihre Anfrage erhalten, aber ihre Antwort ging verloren. Ihre Anfrage wurde also \
                  möglicherweise ausgeführt. Prüfen Sie das, bevor Sie sie noch einmal senden, damit nichts doppelt \
                  bestellt oder bezahlt wird.",
        reload: "Sie können diese Seite neu laden.",
    },
    again_in: ["Bitte kommen Sie in etwa ", " wieder."],
    reloads_in: ["Diese Seite versucht es in ", " von selbst noch einmal."],
    units: ["Sek.", "Min.", "Std."],
    labels: Labels {
        verdict: "Was das für Sie bedeutet",
        again: "Noch einmal versuchen",
        reference: "Wenn Sie um Hilfe bitten, nennen Sie bitte diese Angaben",
        time: "Zeit",
        host: "Website",
        request_id: "Anfrage-ID",
        code: "Code",
        contact: "Kontakt",
    },
};
