//! The page's texts in Portuguese. The spelling is that of Brazil.
//! `super::Language` names this table; nothing else reads it.

use super::{Delivery, Labels, Refusal, Requests, Texts, Words};

pub(super) const TEXTS: Texts = Texts {
    tag: "pt",
    direction: "ltr",
    joint: " ",
    stop: ".",
    unreachable: Words {
        title: "Não é possível acessar este site no momento",
        what: "Não conseguimos nos conectar ao servidor deste site.",
    },
    timeout: Words {
        title: "Este site está demorando demais para responder",
        what: "O servidor deste site não respondeu a tempo, por isso paramos de esperar.",
    },
    broken_answer: Words {
        title: "Este site não conseguiu responder corretamente",
        what: "O servidor deste site interrompeu a comunicação ou enviou algo que não podemos repassar a você.",
    },
    busy: Words {
        title: "Este site está sobrecarregado no momento",
        what: "Estão chegando mais solicitações do que é possível atender agora.",
    },
    maintenance: Words {
        title: "Este site está em manutenção",
        what: "É uma manutenção programada. O site voltará quando ela terminar.",
    },
    gateway: Words {
        title: "Algo deu errado do nosso lado",
        what: "O gateway à frente deste site não conseguiu processar sua solicitação.",
    },
    not_found: Refusal {
        title: "Não há nada neste endereço",
        what: "O link pode estar desatualizado ou o endereço pode ter sido digitado com erro.",
        advice: "Confira o endereço ou comece pela página inicial do site.",
    },
    your_request: Requests {
        malformed: Refusal {
            title: "Não foi possível entender esta solicitação",
            what: "Ela estava incompleta ou não seguia as regras da web.",
            advice: "Volte e tente mais uma vez. Se acontecer de novo, apague os cookies deste site.",
        },
        forbidden: Refusal {
            title: "Este endereço não pode ser aberto",
            what: "O site o mantém fechado, para todos ou para quem o visita de onde você está.",
            advice: "Verifique o endereço. Se você deveria ter acesso, fale com os responsáveis por este site.",
        },
        method: Refusal {
            title: "Este endereço não aceita solicitações deste tipo",
            what: "Existe uma página aqui, mas ela não pode ser usada dessa forma.",
            advice: "Abra a página por um link do site e tente novamente a partir dali.",
        },
        slow: Refusal {
            title: "Sua solicitação demorou demais para chegar",
            what: "Ela ainda não tinha chegado por completo quando paramos de esperar. O motivo mais comum é uma \
                   conexão lenta.",
            advice: "Verifique sua conexão e tente novamente.",
        },
        large: Refusal {
            title: "O que você enviou é grande demais",
            what: "Este site aceita envios até certo tamanho, e o seu é maior.",
            advice: "Envie um arquivo menor ou envie-o em várias partes.",
        },
        long_address: Refusal {
            title: "Este endereço é longo demais",
            what: "O endereço solicitado é mais longo do que este site aceita.",
            advice: "Use um endereço mais curto. Se um formulário trouxe você até aqui, preencha menos e envie-o \
                     novamente.",
        },
        expectation: Refusal {
            title: "Esta solicitação impõe uma condição que não podemos cumprir",
            what: "Ela exige de antemão algo que não é oferecido aqui.",
            advice: "Se você usa um programa próprio, envie a solicitação sem o campo Expect.",
        },
        often: Refusal {
            title: "Você está enviando solicitações demais",
            what: "De você ou da sua rede chegam mais do que este site aceita de uma vez.",
            advice: "Espere um momento e tente novamente.",
        },
        large_header: Refusal {
            title: "Seu navegador envia dados demais com cada solicitação",
            what: "Os cookies e outros dados que acompanham a solicitação são maiores do que este site aceita.",
            advice: "Apague os cookies deste site e tente novamente.",
        },
        unsupported: Refusal {
            title: "Solicitações deste tipo não são aceitas",
            what: "A solicitação pede algo que não é oferecido aqui.",
            advice: "Abra a página em um navegador atualizado.",
        },
        version: Refusal {
            title: "Esta versão do HTTP não é aceita",
            what: "Seu navegador ou programa usa uma versão do protocolo da web que não é aceita aqui.",
            advice: "Use um navegador atualizado ou configure seu programa para usar HTTP/1.1.",
        },
    },
    not_your_fault: "Isto não é culpa sua: seu aparelho e sua conexão estão funcionando.",
    delivery: Delivery {
        no: "Sua solicitação não foi repassada. Nada foi enviado ao site; você pode tentar novamente sem risco.",
        refused: "Sua solicitação não foi repassada. Nada foi enviado ao site.",
        unknown: "Não sabemos se sua solicitação foi executada. Verifique antes de enviá-la novamente, para que nada \
                  seja pedido ou pago duas vezes.",
        reached: "O site recebeu sua solicitação, mas a resposta se perdeu, portanto a solicitação pode ter sido \
                  executada. Verifique antes de enviá-la novamente, para que nada seja pedido ou pago duas vezes.",
        reload: "Você pode recarregar esta página.",
    },
    again_in: ["Volte em cerca de ", "."],
    reloads_in: ["Esta página tentará novamente sozinha em ", "."],
    units: ["s", "min", "h"],
    labels: Labels {
        verdict: "O que isso significa para você",
        again: "Tentar novamente",
        reference: "Se pedir ajuda, informe estes dados",
        time: "Horário",
        host: "Site",
        request_id: "ID da solicitação",
        code: "Código",
        contact: "Contato",
    },
};
