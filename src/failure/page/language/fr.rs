//! The page's texts in French.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "fr",
    direction: "ltr",
    joint: " ",
    stop: ".",
    unreachable: Words {
        title: "Ce site est injoignable pour le moment",
        what: "Nous n’avons pas pu nous connecter au serveur de ce site.",
    },
    timeout: Words {
        title: "Ce site met trop de temps à répondre",
        what: "Le serveur de ce site n’a pas répondu à temps, nous avons donc cessé d’attendre.",
    },
    broken_answer: Words {
        title: "Ce site n’a pas pu répondre correctement",
        what: "Le serveur de ce site a interrompu l’échange, ou a envoyé quelque chose que nous ne pouvons pas vous \
               transmettre.",
    },
    busy: Words {
        title: "Ce site est très sollicité en ce moment",
        what: "Il arrive plus de demandes qu’il n’est possible d’en traiter pour l’instant.",
    },
    maintenance: Words {
        title: "Ce site est en cours de maintenance",
        what: "Cette maintenance était prévue. Le site sera de retour dès qu’elle sera terminée.",
    },
    gateway: Words {
        title: "Un problème est survenu de notre côté",
        what: "La passerelle placée devant ce site n’a pas pu traiter votre demande.",
    },
    not_found: Refusal {
        title: "Il n’y a rien à cette adresse",
        what: "Le lien est peut-être périmé, ou l’adresse contient une faute de frappe.",
        advice: "Vérifiez l’adresse, ou repartez de la page d’accueil du site.",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "Cette demande n’a pas pu être comprise",
            what: "Elle était incomplète, ou n’était pas rédigée selon les règles du web.",
            advice: "Revenez en arrière et réessayez. Si cela se reproduit, supprimez les cookies de ce site.",
        },
        forbidden: Refusal {
            title: "Cette adresse ne peut pas être ouverte",
            what: "Le site en ferme l’accès, à tout le monde ou aux visiteurs venant de là où vous êtes.",
            advice: "Vérifiez l’adresse. Si vous devriez y avoir accès, adressez-vous aux responsables de ce site.",
        },
        method: Refusal {
            title: "Cette adresse n’accepte pas les demandes de ce type",
            what: "Il y a bien une page ici, mais elle ne peut pas être utilisée de cette façon.",
            advice: "Ouvrez la page à partir d’un lien du site, puis réessayez depuis celle-ci.",
        },
        slow: Refusal {
            title: "Votre demande a mis trop de temps à arriver",
            what: "Elle n’était pas encore arrivée en entier lorsque nous avons cessé d’attendre. La cause habituelle \
                   est une connexion lente.",
            advice: "Vérifiez votre connexion, puis réessayez.",
        },
        large: Refusal {
            title: "Ce que vous avez envoyé est trop volumineux",
            what: "Ce site accepte les envois jusqu’à une certaine taille, et le vôtre la dépasse.",
            advice: "Envoyez un fichier plus petit, ou envoyez-le en plusieurs parties.",
        },
        long_address: Refusal {
            title: "Cette adresse est trop longue",
            what: "L’adresse demandée dépasse la longueur acceptée par ce site.",
            advice: "Utilisez une adresse plus courte. Si un formulaire vous a mené ici, remplissez-le plus \
                     brièvement et renvoyez-le.",
        },
        expectation: Refusal {
            title: "Cette demande pose une condition que nous ne pouvons pas remplir",
            what: "Elle exige au préalable quelque chose qui n’est pas proposé ici.",
            advice: "Si vous utilisez votre propre programme, envoyez la demande sans le champ Expect.",
        },
        often: Refusal {
            title: "Vous envoyez trop de demandes",
            what: "Il en vient de vous ou de votre réseau plus que ce site n’en accepte à la fois.",
            advice: "Patientez un instant, puis réessayez.",
        },
        large_header: Refusal {
            title: "Votre navigateur envoie trop de données avec chaque demande",
            what: "Les cookies et les autres informations qui accompagnent la demande dépassent la taille acceptée \
                   par ce site.",
            advice: "Supprimez les cookies de ce site, puis réessayez.",
        },
        unsupported: Refusal {
            title: "Les demandes de ce type ne sont pas prises en charge",
            what: "Cette demande fait appel à quelque chose qui n’est pas proposé ici.",
            advice: "Ouvrez la page avec un navigateur à jour.",
        },
        version: Refusal {
            title: "Cette version de HTTP n’est pas prise en charge",
            what: "Votre navigateur ou votre programme utilise une version du protocole du web qui n’est pas prise en \
                   charge ici.",
            advice: "Utilisez un navigateur à jour, ou réglez votre programme sur HTTP/1.1.",
        },
    },
    not_your_fault: "Vous n’y êtes pour rien\u{a0}: votre appareil et votre connexion fonctionnent.",
    delivery: Delivery {
        no: "Votre demande n’a pas été transmise. Rien n’a été envoyé au site\u{202f}; vous pouvez réessayer sans \
             risque.",
        refused: "Votre demande n’a pas été transmise. Rien n’a été envoyé au site.",
        unknown: "Nous ne savons pas si votre demande a été exécutée. Vérifiez-le avant de la renvoyer, afin que rien \
                  ne soit commandé ni payé deux fois.",
        reached: "Le site a reçu votre demande, mais sa réponse s’est perdue\u{202f}; votre demande a donc peut-être \
                  été exécutée. Vérifiez-le avant de la renvoyer, afin que rien ne soit commandé ni payé deux fois.",
        reload: "Vous pouvez recharger cette page.",
    },
    again_in: ["Merci de revenir dans environ ", "."],
    reloads_in: ["Cette page réessaiera d’elle-même dans ", "."],
    units: ["s", "min", "h"],
    labels: Labels {
        verdict: "Ce que cela signifie pour vous",
        again: "Réessayer",
        reference: "Si vous demandez de l’aide, indiquez ces informations",
        time: "Heure",
        host: "Site",
        request_id: "ID de la demande",
        code: "Code",
        contact: "Contact",
    },
};
