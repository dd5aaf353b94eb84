//! The page's texts in Spanish.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "es",
    direction: "ltr",
    joint: " ",
    stop: ".",
    unreachable: Words {
        title: "No se puede acceder a este sitio en este momento",
        what: "No hemos podido conectarnos con el servidor de este sitio.",
    },
    timeout: Words {
        title: "Este sitio tarda demasiado en responder",
        what: "El servidor de este sitio no ha respondido a tiempo, así que hemos dejado de esperar.",
    },
    broken_answer: Words {
        title: "Este sitio no ha podido responder correctamente",
        what: "El servidor de este sitio ha interrumpido la comunicación o ha enviado algo que no podemos entregarle.",
    },
    busy: Words {
        title: "Este sitio está saturado en este momento",
        what: "Por ahora llegan más solicitudes de las que se pueden atender.",
    },
    maintenance: Words {
        title: "Este sitio está en mantenimiento",
        what: "Es un mantenimiento programado. El sitio volverá cuando termine.",
    },
    gateway: Words {
        title: "Algo ha fallado por nuestra parte",
        what: "La pasarela situada delante de este sitio no ha podido procesar su solicitud.",
    },
    not_found: Refusal {
        title: "No hay nada en esta dirección",
        what: "Es posible que el enlace esté desactualizado o que la dirección contenga un error.",
        advice: "Revise la dirección o empiece por la página de inicio del sitio.",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "No se ha podido entender esta solicitud",
            what: "Estaba incompleta o no seguía las reglas de la web.",
            advice: "Vuelva atrás e inténtelo de nuevo. Si vuelve a ocurrir, borre las cookies de este sitio.",
        },
        forbidden: Refusal {
            title: "Esta dirección no se puede abrir",
            what: "El sitio la mantiene cerrada, para todos o para quienes la visitan desde donde usted está.",
            advice: "Compruebe la dirección. Si debería tener acceso, consulte a los responsables de este sitio.",
        },
        method: Refusal {
            title: "Esta dirección no admite solicitudes de este tipo",
            what: "Aquí hay una página, pero no se puede usar de esta manera.",
            advice: "Abra la página desde un enlace del sitio e inténtelo de nuevo desde ahí.",
        },
        slow: Refusal {
            title: "Su solicitud ha tardado demasiado en llegar",
            what: "Aún no había llegado completa cuando dejamos de esperar. Lo habitual es que se deba a una conexión \
                   lenta.",
            advice: "Compruebe su conexión e inténtelo de nuevo.",
        },
        large: Refusal {
            title: "Lo que ha enviado es demasiado grande",
            what: "Este sitio admite envíos hasta cierto tamaño, y el suyo lo supera.",
            advice: "Envíe un archivo más pequeño o envíelo en varias partes.",
        },
        long_address: Refusal {
            title: "Esta dirección es demasiado larga",
            what: "La dirección solicitada es más larga de lo que admite este sitio.",
            advice: "Use una dirección más corta. Si ha llegado aquí desde un formulario, escriba menos y envíelo de \
                     nuevo.",
        },
        expectation: Refusal {
            title: "Esta solicitud pone una condición que no podemos cumplir",
            what: "Exige de antemano algo que aquí no se ofrece.",
            advice: "Si usa un programa propio, envíe la solicitud sin el campo Expect.",
        },
        often: Refusal {
            title: "Está enviando demasiadas solicitudes",
            what: "De usted o de su red llegan más de las que este sitio acepta a la vez.",
            advice: "Espere un momento y vuelva a intentarlo.",
        },
        large_header: Refusal {
            title: "Su navegador envía demasiados datos con cada solicitud",
            what: "Las cookies y otros datos que acompañan a la solicitud superan el tamaño que admite este sitio.",
            advice: "Borre las cookies de este sitio e inténtelo de nuevo.",
        },
        unsupported: Refusal {
            title: "No se admiten solicitudes de este tipo",
            what: "La solicitud pide algo que aquí no se ofrece.",
            advice: "Abra la página con un navegador actualizado.",
        },
        version: Refusal {
            title: "No se admite esta versión de HTTP",
            what: "Su navegador o programa usa una versión del protocolo de la web que aquí no se admite.",
            advice: "Use un navegador actualizado o configure su programa para que use HTTP/1.1.",
        },
    },
    not_your_fault: "No es culpa suya: su dispositivo y su conexión funcionan.",
    delivery: Delivery {
        no: "Su solicitud no se ha transmitido. No se ha enviado nada al sitio; puede intentarlo de nuevo sin riesgo.",
        refused: "Su solicitud no se ha transmitido. No se ha enviado nada al sitio.",
        unknown: "No sabemos si su solicitud se ha llevado a cabo. Compruébelo antes de enviarla de nuevo, para que \
                  nada se pida ni se pague dos veces.",
        reached: "El sitio ha recibido su solicitud, pero la respuesta se ha perdido, así que es posible que la \
                  solicitud se haya llevado a cabo. Compruébelo antes de enviarla de nuevo, para que nada se pida ni \
                  se pague dos veces.",
        reload: "Puede volver a cargar esta página.",
    },
    again_in: ["Vuelva en aproximadamente ", "."],
    reloads_in: ["Esta página lo intentará de nuevo por sí sola en ", "."],
    units: ["s", "min", "h"],
    labels: Labels {
        verdict: "Qué significa esto para usted",
        again: "Intentar de nuevo",
        reference: "Si pide ayuda, indique estos datos",
        time: "Hora",
        host: "Sitio",
        request_id: "ID de la solicitud",
        code: "Código",
        contact: "Contacto",
    },
};
